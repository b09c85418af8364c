/** Models that take no system message in the middle of a conversation are told in the user's turn whose words these are. */
export function systemNote(text: string): string {
  return `[System message from the operator, not from the user]\n${text}`;
}
