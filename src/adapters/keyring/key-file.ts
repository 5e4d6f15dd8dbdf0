/**
 * Realm keys in the object store, each wrapped by the master key, which lies in a file (docs/keys.md):
 *
 * - object `keyring/master` names the master key the store belongs to, so that a lost or mistaken key file is noticed
 *   at start, before anything is sealed under another one;
 * - object `realms/<realm>/key` holds a realm's two keys, made once (`putNew`), whoever comes first.
 */
import { createCipheriv, createDecipheriv, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { Fault } from '../../ports/fault.ts'
import type { Keyring, RealmKeys } from '../../ports/keyring.ts'
import type { ObjectStore } from '../../ports/object-store.ts'
import { readMasterKey, writeMasterKey } from './master-key-file.ts'
import { type PassphraseSource, readPassphrase } from './passphrase.ts'

export interface KeyFileOptions {
  /** Absolute path of the master key's file; made at the first start. */
  readonly file: string
  readonly objectStore: ObjectStore
  /** Protects the file. Given for a file that has none yet, it is put on. */
  readonly passphrase?: PassphraseSource
}

const masterObject = 'keyring/master'
const realmShape = /^[a-z0-9][a-z0-9._-]{0,99}$/
const magic = Buffer.from('OCBRKEY1')
const nonceBytes = 12
const keyBytes = 32
const tagBytes = 16

/** Fault `denied`: the passphrase or the key file is not the one that belongs to this store, or the file is gone. */
export async function openKeyFileRing(options: KeyFileOptions): Promise<Keyring> {
  const { objectStore } = options
  const master = await openMaster(options)
  const open = new Map<string, Promise<RealmKeys>>()

  const load = async (realm: string): Promise<RealmKeys> => {
    const key = keyOf(realm)
    const found = await getIfThere(objectStore, key)
    if (found) return unwrap(master, realm, found)
    const fresh = randomBytes(2 * keyBytes)
    if (await objectStore.putNew(key, [wrap(master, realm, fresh)])) return split(fresh)
    return unwrap(master, realm, await objectStore.get(key))
  }
  return {
    open(realm) {
      const known = open.get(realm)
      if (known) return known
      const loading = load(realm)
      open.set(realm, loading)
      return loading.catch((error: unknown) => {
        if (open.get(realm) === loading) open.delete(realm)
        throw error
      })
    },
    async retain(realm, until) {
      await objectStore.retention?.keep([keyOf(realm), masterObject], until?.getTime() ?? Number.POSITIVE_INFINITY)
    },
    async destroy(realm) {
      await objectStore.remove([keyOf(realm)])
      open.delete(realm)
    },
  }
}

async function openMaster({ file, objectStore, passphrase: source }: KeyFileOptions): Promise<Buffer> {
  const passphrase = source && (await readPassphrase(source))
  const belongs = await getIfThere(objectStore, masterObject)
  const found = await readMasterKey(file, passphrase)
  if (!found && belongs)
    throw new Fault(
      'denied',
      `there is no master key in ${file}, but the store was written with one; put it back there`,
    )
  if (!found) await writeMasterKey(file, randomBytes(keyBytes), passphrase, 'new')
  const master = found ?? (await readMasterKey(file, passphrase))
  if (!master) throw new Fault('missing', `the master key in ${file} went as soon as it was made`)
  await checkBelongs(objectStore, master.key, file)
  if (passphrase !== undefined && !master.wrapped) await writeMasterKey(file, master.key, passphrase, 'replace')
  return master.key
}

async function checkBelongs(objectStore: ObjectStore, master: Buffer, file: string): Promise<void> {
  const name = createHmac('sha256', master).update('opencbr master key').digest().subarray(0, 16)
  if (await objectStore.putNew(masterObject, [name])) return
  const belongs = await objectStore.get(masterObject)
  if (belongs.length !== name.length || !timingSafeEqual(belongs, name))
    throw new Fault('denied', `the master key in ${file} is not the one this store was written with`)
}

function keyOf(realm: string): string {
  if (!realmShape.test(realm)) throw new RangeError(`not a realm: ${JSON.stringify(realm)}`)
  return `realms/${realm}/key`
}

async function getIfThere(objectStore: ObjectStore, key: string): Promise<Buffer | undefined> {
  try {
    return await objectStore.get(key)
  } catch (error) {
    if (error instanceof Fault && error.kind === 'missing') return undefined
    throw error
  }
}

function split(keys: Buffer): RealmKeys {
  return { chunkNaming: keys.subarray(0, keyBytes), sealing: keys.subarray(keyBytes) }
}

function wrap(master: Buffer, realm: string, keys: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', master, nonce).setAAD(Buffer.from(realm))
  return Buffer.concat([magic, nonce, cipher.update(keys), cipher.final(), cipher.getAuthTag()])
}

/** The master key is known to be the right one by now: what does not open is damaged, or another realm's. */
function unwrap(master: Buffer, realm: string, object: Buffer): RealmKeys {
  const corrupt = (cause?: unknown): Fault =>
    new Fault('corrupt', `the key of realm ${realm} is damaged; its backups cannot be read without it`, { cause })
  const sealedAt = magic.length + nonceBytes
  const tagAt = sealedAt + 2 * keyBytes
  if (object.length !== tagAt + tagBytes || !object.subarray(0, magic.length).equals(magic)) throw corrupt()
  const nonce = object.subarray(magic.length, sealedAt)
  const decipher = createDecipheriv('aes-256-gcm', master, nonce, { authTagLength: tagBytes })
  decipher.setAAD(Buffer.from(realm)).setAuthTag(object.subarray(tagAt))
  try {
    return split(Buffer.concat([decipher.update(object.subarray(sealedAt, tagAt)), decipher.final()]))
  } catch (error) {
    throw corrupt(error)
  }
}
