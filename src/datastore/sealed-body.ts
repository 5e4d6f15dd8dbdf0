/**
 * Objects that are a header and one sealed body: manifests, markers, notes of damage, holds (docs/format.md sections 9 to
 * 12). Their key follows from 16 random bytes in the header.
 */
import { randomBytes } from 'node:crypto'
import { decodeHeader, encodeHeader, HEADER_BYTES, ID_BYTES, type ObjectKind } from './object-header.ts'
import { objectKey, type SealOf, seal, space, unseal } from './seal.ts'

export interface SealedBody {
  /** 32 hex digits, those random bytes. */
  readonly id: string
  readonly parts: readonly Uint8Array[]
}

/** `name` is authenticated with the body and not stored: what an object is called that must not be taken for another. */
export function encodeBody(sealing: Uint8Array, kind: ObjectKind, body: Uint8Array, name = ''): SealedBody {
  const id = randomBytes(ID_BYTES)
  const header = encodeHeader(kind, id)
  return { id: id.toString('hex'), parts: [header, ...seal(sealOf(objectKey(sealing, kind, id), header, name), body)] }
}

/** Undefined when it is not what was sealed; throws as `decodeHeader` does. `at` is for the message of that. */
export function decodeBody(
  sealing: Uint8Array,
  kind: ObjectKind,
  object: Buffer,
  { at, name = '' }: { readonly at: string; readonly name?: string },
): Buffer | undefined {
  const id = decodeHeader(kind, object, at)
  const header = object.subarray(0, HEADER_BYTES)
  return unseal(sealOf(objectKey(sealing, kind, id), header, name), object.subarray(HEADER_BYTES))
}

const sealOf = (key: Uint8Array, header: Uint8Array, name: string): SealOf => ({
  key,
  space: space.body,
  number: 0,
  about: Buffer.concat([header, Buffer.from(name)]),
})
