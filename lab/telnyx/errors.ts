/** Telnyx' REST errors, as far as the lab gives them. */
const ERRORS = {
  '10002': { status: 422, title: 'Invalid phone number', detail: 'The phone number is invalid.' },
  '10004': { status: 422, title: 'Missing required parameter', detail: 'A required parameter was missing.' },
  '10005': { status: 404, title: 'Resource not found', detail: 'The requested resource or URL could not be found.' },
  '10007': { status: 500, title: 'Unexpected error', detail: 'An unexpected error occured.' },
  '10009': {
    status: 401,
    title: 'Authentication failed',
    detail: 'The required authentication headers were either invalid or not included in the request.',
  },
  '10010': { status: 403, title: 'Authorization failed', detail: 'You do not have permission to perform the requested action.' },
  '10015': { status: 422, title: 'Bad Request', detail: 'The request failed because it was not well-formed.' },
  '10016': { status: 422, title: 'Phone number must be in +E.164 format', detail: 'The phone number must be in +E.164 format.' },
  '10017': { status: 422, title: 'Associated resource does not exist', detail: 'The requested parameter is invalid.' },
  '90015': { status: 422, title: 'Invalid Call Control ID', detail: 'The call_control_id provided was not valid.' },
  '90018': {
    status: 422,
    title: 'Call has already ended',
    detail: "This call is no longer active and can't receive commands.",
  },
  '90034': {
    status: 422,
    title: 'Call not answered yet',
    detail: "This call can't receive this command because it has not been answered yet.",
  },
  '90103': { status: 429, title: 'Too many requests', detail: 'The limit of dial requests per second has been exceeded.' },
} as const;

export type TelnyxErrorCode = keyof typeof ERRORS;

/** Thrown by whatever handles a request; becomes the answer. */
export class TelnyxApiError extends Error {
  readonly status: number;
  readonly body: object;

  constructor(code: TelnyxErrorCode, detail?: string, pointer?: string) {
    const known = ERRORS[code];
    super(`${code} ${known.title}`);
    this.status = known.status;
    this.body = {
      errors: [
        {
          code,
          title: known.title,
          detail: detail ?? known.detail,
          ...(pointer === undefined ? {} : { source: { pointer } }),
          meta: { url: `https://developers.telnyx.com/docs/overview/errors/${code}` },
        },
      ],
    };
  }
}
