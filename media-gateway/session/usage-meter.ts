import type { UsageLine } from '../../contracts/call';

/** Adds up usage by vendor, service, item and unit: a handful of lines, however long the call. */
export class UsageMeter {
  readonly #lines = new Map<string, UsageLine>();

  add(lines: readonly UsageLine[]): void {
    for (const line of lines) {
      const key = `${line.provider}/${line.service}/${line.item}/${line.unit}`;
      const known = this.#lines.get(key);
      if (known) known.quantity += line.quantity;
      else this.#lines.set(key, { ...line });
    }
  }

  lines(): UsageLine[] {
    return [...this.#lines.values()].map((line) => ({ ...line }));
  }
}
