/** The numbers of the NBD protocol (its doc/proto.md), as far as our client and our server use them. */

export const magic = {
  /** `NBDMAGIC`, then `IHAVEOPT`: a server of the newstyle. */
  greeting: 0x4e42444d41474943n,
  option: 0x49484156454f5054n,
  optionReply: 0x0003e889045565a9n,
  request: 0x25609513,
  simpleReply: 0x67446698,
  structuredReply: 0x668e33ef,
} as const

/** The same two bits from both sides. */
export const handshakeFlag = { fixedNewstyle: 1, noZeroes: 2 } as const

export const option = {
  exportName: 1,
  abort: 2,
  list: 3,
  startTls: 5,
  info: 6,
  go: 7,
  structuredReply: 8,
  listMetaContext: 9,
  setMetaContext: 10,
} as const

export const optionReply = {
  ack: 1,
  server: 2,
  info: 3,
  metaContext: 4,
  errUnsupported: 0x80000001,
  errPolicy: 0x80000002,
  errInvalid: 0x80000003,
  errTlsRequired: 0x80000005,
  errUnknown: 0x80000006,
  errBlockSizeRequired: 0x80000008,
  errTooBig: 0x80000009,
} as const

/** Every option reply with this bit is an error. */
export const OPTION_ERROR = 0x80000000

export const info = { export: 0, blockSize: 3 } as const

/** What an export can, told with its size. */
export const exportFlag = {
  hasFlags: 1 << 0,
  readOnly: 1 << 1,
  flush: 1 << 2,
  fua: 1 << 3,
  trim: 1 << 5,
  writeZeroes: 1 << 6,
  multiConnection: 1 << 8,
} as const

export const command = { read: 0, write: 1, disconnect: 2, flush: 3, trim: 4, writeZeroes: 6, blockStatus: 7 } as const

export const commandFlag = { fua: 1 << 0, noHole: 1 << 1, requestOne: 1 << 3, fastZero: 1 << 4 } as const

export const chunk = {
  none: 0,
  offsetData: 1,
  offsetHole: 2,
  blockStatus: 5,
  error: 0x8001,
  errorOffset: 0x8002,
} as const

/** Every chunk with this bit is an error. */
export const CHUNK_ERROR = 0x8000
/** On the last chunk of a reply. */
export const CHUNK_DONE = 1

/** The errors that the protocol has; those of Linux, on every system. */
export const errno = { EPERM: 1, EIO: 5, ENOMEM: 12, EINVAL: 22, ENOSPC: 28, ENOTSUP: 95, ESHUTDOWN: 108 } as const

/** `base:allocation`: what a run holds. Only `zero` promises that it reads as zeros. */
export const ALLOCATION = 'base:allocation'
export const allocation = { hole: 1, zero: 2 } as const

/** Bytes of the longest name or error text that either side may send. */
export const LONGEST_TEXT = 4096
/** Bytes of the largest request with data that every server takes unless it says otherwise. */
export const LARGEST_REQUEST = 32 * 2 ** 20
