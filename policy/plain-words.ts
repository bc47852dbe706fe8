/** `Uh-huh, okay!` → `['uhhuh', 'okay']`: lower case, without accents, apostrophes and punctuation. */
export function plainWords(text: string): string[] {
  return text
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '')
    .toLowerCase()
    .replace(/['’-]/g, '')
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}
