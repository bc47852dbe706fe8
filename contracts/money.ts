/** Money is integer micro-dollars (1 USD = 1,000,000) everywhere inside; dollars as floats only at the public edge. */
export type Micros = number;

export const MICROS_PER_USD = 1_000_000;

export function usdToMicros(usd: number): Micros {
  return Math.round(usd * MICROS_PER_USD);
}

export function microsToUsd(micros: Micros): number {
  return micros / MICROS_PER_USD;
}

/** `$0.0132`: four decimals below one dollar, else two. */
export function formatUsd(micros: Micros): string {
  const usd = microsToUsd(micros);
  return `$${usd.toFixed(Math.abs(usd) < 1 ? 4 : 2)}`;
}
