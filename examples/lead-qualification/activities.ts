/** What the workflow asks of your CRM. */
export interface CrmActivities {
  updateLead(update: { id: string; stage: string; summary: string | null; costUsd: number; callId: string }): Promise<void>;
}

export function crmActivities(crmUrl: string): CrmActivities {
  return {
    async updateLead({ id, ...fields }) {
      const response = await fetch(`${crmUrl}/leads/${encodeURIComponent(id)}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(fields),
        signal: AbortSignal.timeout(20_000),
      });
      if (!response.ok) throw new Error(`the CRM answered ${response.status}`);
    },
  };
}
