import type { GatewayCommand } from '../contracts/call';
import type { Session } from './session';

/** Two seconds of what the caller said before the session was there. */
const MAX_FRAMES = 100;

type Frame = { audio: Uint8Array } | { digit: string } | { mark: string };

/** What comes in on a stream before there is a session for it. */
export class EarlyInput {
  private readonly frames: Frame[] = [];
  private readonly commands: GatewayCommand[] = [];

  /** The oldest give way. */
  keep(frame: Frame): void {
    this.frames.push(frame);
    if (this.frames.length > MAX_FRAMES) this.frames.shift();
  }

  /** The workflow knows of a stream before the answer to its attach has come back here. */
  keepCommand(command: GatewayCommand): void {
    this.commands.push(command);
  }

  giveTo(session: Session, order: (command: GatewayCommand) => void): void {
    for (const frame of this.frames) {
      if ('audio' in frame) session.onAudio(frame.audio);
      else if ('digit' in frame) session.onDtmf(frame.digit);
      else session.onMark(frame.mark);
    }
    for (const command of this.commands) order(command);
  }
}
