/** A bucket, and how it is reached. */
export interface S3Place {
  readonly bucket: string
  /** Undefined: AWS itself. */
  readonly endpoint: string | undefined
  readonly region: string
  /** The bucket stands in the path of a URL, not in front of the host's name. */
  readonly pathStyle: boolean
  /** What all keys begin with, before a slash; empty for none. */
  readonly prefix: string
  readonly accessKey: string
  readonly secretKey: string
}

/** How long a store may be silent, and how often it is asked again. */
export interface Patience {
  readonly connectMs: number
  /** Without a byte in either direction. */
  readonly silentMs: number
  /** One try, however busy. */
  readonly tryMs: number
  readonly tries: number
  /** Before the second try; four times as long before each further one. */
  readonly waitMs: number
}

/** Outlasts the restart of a gateway, some twenty seconds; a backup that fails has to read its disk again. */
export const usualPatience: Patience = {
  connectMs: 5000,
  silentMs: 30_000,
  tryMs: 600_000,
  tries: 5,
  waitMs: 250,
}

/** For messages. */
export const nameOf = ({ bucket, endpoint, region }: S3Place): string =>
  `bucket ${bucket} at ${endpoint ?? `AWS ${region}`}`
