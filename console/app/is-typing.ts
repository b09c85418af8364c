/** Whether keys that come from here are meant as text, or belong to a dialog or a menu. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof Element)) return false;
  return (
    target.closest(
      'input, textarea, select, [contenteditable], [role=dialog], [role=listbox], [role=menu]',
    ) !== null
  );
}
