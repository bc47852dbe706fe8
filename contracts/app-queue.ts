/** The task queue of the processes that embed an app (`AgentSpec.code`): what only its code can do is done there. */
export function appTaskQueue(app: string): string {
  return `patter-app-${app}`;
}
