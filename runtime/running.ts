/** What every long-running part (worker, gateway, control, lab) gives to whoever started it. */
export interface Running {
  /** `worker`, `gateway-1`, `control`, `lab` … */
  readonly role: string;
  /** Where it listens, by name, e.g. `{ public: 'http://127.0.0.1:8080' }`. */
  readonly urls: Readonly<Record<string, string>>;
  /** For `/readyz`: empty when all is well, else one sentence per problem. */
  problems(): Promise<string[]>;
  /** Drains and stops; resolves when nothing is left open. Safe to call twice. */
  stop(): Promise<void>;
  /** Resolves when it has stopped; rejects when it broke by itself. */
  readonly closed: Promise<void>;
}
