/** Twilio's REST errors, as far as the lab gives them. */
import type { FastifyReply } from 'fastify';

const REST_ERRORS = {
  20003: { status: 401, message: 'Authenticate' },
  20404: { status: 404, message: 'The requested resource was not found' },
  20429: { status: 429, message: 'Too Many Requests' },
  20500: { status: 500, message: 'Internal Server Error' },
  21201: { status: 400, message: "No 'To' number is specified" },
  21205: { status: 400, message: 'Url is not a valid URL' },
  21210: { status: 400, message: "'From' phone number not verified" },
  21211: { status: 400, message: "Invalid 'To' Phone Number" },
  21212: { status: 400, message: "Invalid 'From' Phone Number" },
  21213: { status: 400, message: "'From' phone number is required" },
  21234: { status: 400, message: 'Invalid Machine Detection configuration value' },
  21220: { status: 400, message: 'Unable to update record. Call is not in-progress. Cannot redirect.' },
} as const;

export type RestErrorCode = keyof typeof REST_ERRORS;

export function sendError(reply: FastifyReply, code: RestErrorCode, detail?: string): FastifyReply {
  const { status, message } = REST_ERRORS[code];
  return reply
    .code(status)
    .send({ code, message: detail ? `${message}: ${detail}` : message, more_info: `https://www.twilio.com/docs/errors/${code}`, status });
}
