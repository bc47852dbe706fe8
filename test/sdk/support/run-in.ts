/**
 * In which test file each snippet is run. The last test of each file holds its list against what was run there, `snippets.test.ts` all lists against the
 * folder: a snippet whose name is only mentioned somewhere is found out.
 */
import { snippetsRunHere } from './snippets';

export const RUN_IN = {
  'snippets.test.ts': [
    ...['api-reference-constructor', 'api-reference-exports', 'local-mode-disconnect', 'local-mode-initialize', 'readme-self-hosting'],
  ],
  'snippets-local.test.ts': [
    ...['advanced-complete-example', 'advanced-history', 'advanced-keypad', 'advanced-list-recordings', 'advanced-machine-detection'],
    ...['advanced-recording', 'advanced-transfer', 'advanced-voicemail', 'api-reference-connection-error', 'api-reference-patter-error'],
    ...['events-call-end', 'events-call-start', 'events-complete-example', 'events-message', 'events-transcript'],
    ...['local-mode-complete-example', 'local-mode-outbound', 'local-mode-serve', 'readme-complete-example', 'readme-history'],
    ...['readme-local-mode', 'readme-recording', 'readme-tools', 'readme-variables'],
  ],
  'cloud.test.ts': ['readme-custom-voice', 'readme-inbound', 'readme-machine-detection', 'readme-outbound', 'readme-quickstart'],
} as const satisfies Record<string, readonly string[]>;

/** To be called last of a file's tests. */
export function everySnippetWasRun(file: keyof typeof RUN_IN): void {
  test(`every snippet that is to be run in ${file} was run`, () => {
    expect(snippetsRunHere()).toEqual([...RUN_IN[file]].sort());
  });
}
