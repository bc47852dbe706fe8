/** The workflow types, by the names under which they are registered. */
export { call } from './call/call';
export { campaign } from './campaign/campaign';
export { postCall } from './post-call/post-call';
export { retention } from './retention/retention';
