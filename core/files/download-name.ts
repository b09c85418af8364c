/**
 * Emoji, and joiners after letters of scripts that join, which stay; or one character that shows nothing, or turns the direction of those
 * beside it. Spaces of other widths are seen.
 */
const HIDDEN =
  /\p{RGI_Emoji}|(?<=[[\p{L}\p{M}]--[\p{Script=Latin}\p{Script=Greek}\p{Script=Cyrillic}\p{Script=Inherited}]])[\u200c\u200d](?=\p{L})|(?<hidden>[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800])/gv;

/**
 * The name under which a file is saved where it is downloaded: what a person reads there is what the system reads. `fdp.exe` behind a
 * right-to-left override would be read as `exe.pdf`.
 */
export function downloadName(name: string): string {
  return name.replace(HIDDEN, (found: string, ...rest: unknown[]) =>
    (rest.at(-1) as { hidden?: string }).hidden === undefined ? found : '_',
  );
}
