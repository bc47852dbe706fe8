import { execFile } from 'node:child_process';

export interface RunProgramOptions {
  timeoutMs: number;
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Run as another user (root only). */
  as?: { uid: number; gid: number };
}

export interface ProgramResult {
  /** Undefined when it was killed or could not be started. */
  code: number | undefined;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end. Never rejects: what went wrong is in the result. */
export function runProgram(file: string, args: readonly string[], options: RunProgramOptions): Promise<ProgramResult> {
  return new Promise((resolve) => {
    execFile(
      file,
      [...args],
      {
        cwd: options.cwd,
        env: options.env ?? process.env,
        timeout: options.timeoutMs,
        killSignal: 'SIGKILL',
        maxBuffer: 16 * 1024 * 1024,
        ...(options.as ?? {}),
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : undefined;
        resolve({ code, stdout, stderr: stderr || (error && code === undefined ? error.message : '') });
      },
    );
  });
}
