/**
 * Failures with their messages and stack traces inside a payload, where the codec encrypts them: a vendor's error text may quote a number or a sentence
 * of the conversation. Loaded by path, also into the workflow sandbox: it imports nothing that is not allowed there.
 */
import { DefaultFailureConverter } from '@temporalio/common';

export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
