/** A workflow by the name of one of ours whose history none of our builds has written. */
import { sleep } from '@temporalio/workflow';

export async function postCall(): Promise<void> {
  await sleep(10);
}
