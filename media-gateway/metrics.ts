/** What `/metrics` shows. One registry per gateway, so that two in one process (tests) do not mix. */
import { Counter, Gauge, Registry } from 'prom-client';

export interface MetricSources {
  activeCalls(): number;
  warmCalls(): number;
  spooledItems(): number;
  loopDelayMs(): number;
}

export class GatewayMetrics {
  readonly registry = new Registry();
  /** By `kind` of webhook and HTTP `status`. */
  readonly webhooks: Counter<'kind' | 'status'>;
  /** Media streams by `result`: `accepted` or the code they were refused with. */
  readonly streams: Counter<'result'>;

  constructor(sources: MetricSources) {
    const registers = [this.registry];
    this.webhooks = new Counter({
      name: 'patter_gateway_webhooks_total',
      help: 'Carrier webhooks answered',
      labelNames: ['kind', 'status'],
      registers,
    });
    this.streams = new Counter({
      name: 'patter_gateway_streams_total',
      help: 'Media streams accepted and refused',
      labelNames: ['result'],
      registers,
    });
    const gauges = [
      ['patter_gateway_active_calls', 'Calls with a media stream', sources.activeCalls],
      ['patter_gateway_warm_calls', 'Ringing calls with a provider socket open', sources.warmCalls],
      ['patter_gateway_spooled_items', 'Items on disk that wait for Temporal or the carrier', sources.spooledItems],
      ['patter_gateway_loop_delay_ms', 'Mean event-loop delay of the last second, milliseconds', sources.loopDelayMs],
    ] as const;
    for (const [name, help, read] of gauges) {
      new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(read());
        },
      });
    }
  }

  /** In Prometheus' text format. */
  async read(): Promise<{ type: string; text: string }> {
    return { type: this.registry.contentType, text: await this.registry.metrics() };
  }
}
