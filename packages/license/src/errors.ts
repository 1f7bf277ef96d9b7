/** Why something given to this package cannot be used. Files that customers hold are never thrown about: they get a state. */
export type LicenseErrorCode =
  /** Claims, keys, options or a record that have not the shape that FORMAT.md asks for. */
  | 'malformed'
  /** A date outside of the years 2000 to 2199. */
  | 'too_far'
  /** A public key of small order: anything would be signed by it. */
  | 'low_order'
  /** A `kid` that is not the thumbprint of its key. */
  | 'unknown_kid'
  /** More than a file may be long. */
  | 'too_large'
  /** Not what RFC 8785 makes of it. */
  | 'not_canonical'
  /** The revocation list that a verifier was made with is not to be believed. */
  | 'revocations_refused'
  /** The record of the last use was changed, or belongs to another installation. */
  | 'seen_tampered';

/** Wrong use of this package. `code` is stable, the text is for people and holds neither keys nor claims. */
export class LicenseError extends Error {
  override readonly name = 'LicenseError';
  readonly code: LicenseErrorCode;

  constructor(code: LicenseErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
