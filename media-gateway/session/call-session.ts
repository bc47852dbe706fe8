import type { Checkpoint, ConversationReport, GatewayCommand } from '../../contracts/call';
import type { CallSessionOptions, Session } from './ports';

export class CallSession implements Session {
  readonly done: Promise<ConversationReport> = new Promise(() => {});
  constructor(readonly options: CallSessionOptions) {}
  start(): void {}
  onAudio(_mulaw: Uint8Array): void {}
  onMark(_name: string): void {}
  onDtmf(_digit: string): void {}
  onStreamClosed(): void {}
  onCommand(_command: GatewayCommand): boolean {
    return false;
  }
  checkpoint(): Checkpoint {
    return { turns: [], sealedTurns: 0, usage: [], at: this.options.clock.now() };
  }
  drain(): void {}
}
