import { parsePhoneNumberFromString } from 'libphonenumber-js';
import { IANAZone } from 'luxon';
import { NANP_ZONES } from './nanp-zones';

type RegionLocale = Intl.Locale & { timeZones?: string[]; getTimeZones?: () => string[] };

const IANA_NAME = /^[A-Za-z]+(?:_[A-Za-z]+)*(?:\/[A-Za-z0-9_+-]+)+$|^UTC$|^GMT$/i;

/**
 * The zone's name in its usual spelling; undefined when the time zone database has no such name. Abbreviations (`EST`) and bare offsets are
 * refused: they have no summer time, and whoever writes them mostly means a place that has.
 */
export function timezoneName(text: string): string | undefined {
  const name = text.trim();
  if (!IANA_NAME.test(name) || !IANAZone.isValidZone(name)) return undefined;
  return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone;
}

/**
 * The time zones in which the owner of a number may be. Without a better source the window must be open in all of them, so a number that could
 * be in Honolulu or in New York is called in the hours that both share.
 *
 * US and Canadian numbers are told by area code, all others by country. Holds a cache: one per import.
 */
export class PhoneTimezones {
  readonly #byCountry = new Map<string, string[]>();

  /** @param year the dates at which zones are compared; only zones that behave alike in it are merged */
  constructor(private readonly year: number) {}

  /** Candidate zones of an E.164 number; empty when neither the number nor `fallback` tells one. */
  candidates(phone: string, fallback?: string): string[] {
    const byAreaCode = phone.startsWith('+1') ? NANP_ZONES[phone.slice(2, 5)] : undefined;
    if (byAreaCode) return [...byAreaCode];
    const country = parsePhoneNumberFromString(phone)?.country;
    const zones = country ? this.#zonesOf(country) : [];
    if (zones.length > 0) return [...zones];
    return fallback ? [fallback] : [];
  }

  #zonesOf(country: string): string[] {
    let zones = this.#byCountry.get(country);
    if (!zones) {
      zones = this.#distinct(zonesOfRegion(country));
      this.#byCountry.set(country, zones);
    }
    return zones;
  }

  /** One zone of each kind: of 29 zones of the USA only the ones that differ are worth asking. */
  #distinct(zones: string[]): string[] {
    const kinds = new Map<string, string>();
    for (const name of zones) {
      const zone = IANAZone.create(name);
      if (!zone.isValid) continue;
      const offsets = Array.from({ length: 53 }, (_, week) => zone.offset(Date.UTC(this.year, 0, 1 + week * 7)));
      const kind = offsets.join();
      if (!kinds.has(kind)) kinds.set(kind, name);
    }
    return [...kinds.values()];
  }
}

/** From the time zone data of the JavaScript engine, so that it is as new as the engine. Its name changed between engines. */
function zonesOfRegion(country: string): string[] {
  const locale: RegionLocale = new Intl.Locale('und', { region: country });
  return locale.getTimeZones?.() ?? locale.timeZones ?? [];
}
