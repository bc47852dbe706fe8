/** What the workflow asks of your own systems. They may fail and be repeated: make them idempotent. */
export interface BookingActivities {
  /** @param change.when null: no appointment at all */
  rebook(change: { id: string; when: string | null }): Promise<void>;
}

export function bookingActivities(bookingUrl: string): BookingActivities {
  return {
    async rebook({ id, when }) {
      const response = await fetch(`${bookingUrl}/appointments/${encodeURIComponent(id)}`, {
        method: 'PUT',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ when }),
        signal: AbortSignal.timeout(20_000),
      });
      if (!response.ok) throw new Error(`the booking system answered ${response.status}`);
    },
  };
}
