export { CallbackDispatcher, DEFAULT_CALLBACK_DEADLINE_MS, type DispatcherOptions } from './dispatcher';
export { forgetFiles, keepForgetting } from './forget-files';
export { type MessageDeps, messageFunction } from './on-message';
export { type CallbackWorker, type CallbackWorkerOptions, createCallbackWorker } from './worker';
