/** Whom the tools may call without asking: PATTER_MCP_ALLOWED_NUMBERS. */
import { PatterError } from '../../contracts/errors';

export class AllowedNumbers {
  private constructor(
    private readonly exact: ReadonlySet<string>,
    private readonly prefixes: readonly string[],
  ) {}

  /**
   * Numbers in E.164 form, separated by commas; one that ends in `*` stands for all that begin so, `*` alone for all.
   * @returns undefined for an empty list: then every call is confirmed
   * @throws PatterError PATTER_CONFIG_INVALID
   */
  static parse(text: string): AllowedNumbers | undefined {
    const entries = text.split(',').flatMap((entry) => entry.replace(/[\s()-]/g, '') || []);
    if (entries.length === 0) return undefined;
    const wrong = entries.filter((entry) => !/^(?:\+[1-9]\d{0,13}\*|\+[1-9]\d{6,14}|\*)$/.test(entry));
    if (wrong.length > 0) {
      throw new PatterError(
        'PATTER_CONFIG_INVALID',
        `PATTER_MCP_ALLOWED_NUMBERS: write numbers as +12125550100, or +1212* for all that begin so; not ${wrong.join(', ')}.`,
      );
    }
    const prefixes = entries.filter((entry) => entry.endsWith('*')).map((entry) => entry.slice(0, -1));
    return new AllowedNumbers(new Set(entries), prefixes);
  }

  has(number: string): boolean {
    return /^\+[1-9]\d{6,14}$/.test(number) && (this.exact.has(number) || this.prefixes.some((prefix) => number.startsWith(prefix)));
  }

  /** @throws PatterError PATTER_FORBIDDEN that names those that are not in the list */
  require(numbers: readonly string[]): void {
    const others = [...new Set(numbers)].filter((number) => !this.has(number));
    if (others.length === 0) return;
    const more = others.length > 5 ? ` and ${others.length - 5} more` : '';
    throw new PatterError(
      'PATTER_FORBIDDEN',
      `${others.slice(0, 5).join(', ')}${more} must not be called: PATTER_MCP_ALLOWED_NUMBERS of this server does not have it. Write numbers in E.164 form.`,
    );
  }
}
