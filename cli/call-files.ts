/** The call history on disk that programs of this folder and this environment write (`persist`, PATTER_LOG_DIR). */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ControlContext } from '../control/context';
import { forgetFiles } from '../sdk/callbacks/forget-files';
import { persistRoots } from '../sdk/options/local-config';

export interface ForgottenFiles {
  /** Folders that are there. */
  folders: string[];
  deleted: number;
}

/** Deletes the files of whom the database has forgotten. Folders of other programs and other machines are theirs to look after. */
export async function forgetCallFiles(ctx: Pick<ControlContext, 'store' | 'clock'>): Promise<ForgottenFiles> {
  const folders = persistRoots().filter((root) => existsSync(join(root, 'calls')));
  let deleted = 0;
  for (const folder of folders) deleted += await forgetFiles(folder, ctx);
  return { folders, deleted };
}
