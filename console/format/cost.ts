/** A list price in whole cents, as money; null where there is none. */
export function cost(price: { amount: string; currency: string } | null | undefined): string | null {
  if (!price) return null;
  const cents = Number(price.amount);
  return new Intl.NumberFormat('en', { style: 'currency', currency: price.currency }).format(cents / 100);
}
