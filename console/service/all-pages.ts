/** Everything that a list of the API holds, page after page. */
export async function allPages<Item>(pages: AsyncIterable<Item>): Promise<Item[]> {
  return Array.fromAsync(pages);
}
