/** `Fri, 20 Nov 2026 10:00:00 +0000`, as all of Twilio's older API writes it. */
export function rfc2822(at: number): string {
  return new Date(at).toUTCString().replace('GMT', '+0000');
}
