/** The datastore reads the vectors of docs/format.md, and makes again of them what follows from keys and ids alone. */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { test } from 'node:test'
import { memoryObjectStore } from '../adapters/object-store/memory.ts'
import { codec, hashOf, kind, nameOf, sealChunk } from './chunk.ts'
import { decodeSegment } from './index-segment.ts'
import { openDatastore } from './open.ts'
import { encodePackEnd, packKey } from './pack.ts'
import { silentLog } from './test-realm.ts'

const bytes = (from: number) => Uint8Array.from({ length: 32 }, (_, number) => from + number)
const naming = bytes(0x20)
const sealing = bytes(0)

async function vectorObjects(): Promise<readonly { readonly key: string; readonly object: Buffer }[]> {
  const page = await readFile(new URL('../../docs/format.md', import.meta.url), 'utf8')
  const { objects } = JSON.parse(/```json\n([\s\S]+?)\n```/.exec(page)?.[1] ?? '')
  return Object.entries<string>(objects).map(([key, hex]) => ({ key, object: Buffer.from(hex, 'hex') }))
}

test('the datastore reads the store of the vectors', async () => {
  const objectStore = memoryObjectStore()
  for (const { key, object } of await vectorObjects()) await objectStore.put(key, [object])
  const nothing = async () => undefined
  const keyring = { open: async () => ({ chunkNaming: naming, sealing }), retain: nothing, destroy: nothing }
  const datastore = openDatastore({ objectStore, keyring, log: silentLog() })
  try {
    const reader = await datastore.open({ realm: 'example', id: 'backup-1' })
    assert.equal((await reader.read(0, 11)).toString(), 'hello world')
    assert.equal(reader.digest, '18b46e344496cbf4ad4ed48031939a7454383a8c8cdfcd609d4768fdd3cd1129')
  } finally {
    await datastore.close()
  }
})

test('sealing the same again makes the same pack', async () => {
  const objects = await vectorObjects()
  const pack = objects.find(({ key }) => key.includes('/packs/'))?.object ?? Buffer.alloc(0)
  const segment = objects.find(({ key }) => key.includes('/index/'))
  const key = packKey(sealing, pack.subarray(16, 32))
  const content = Buffer.from('hello world')
  const hash = hashOf(content)
  const data = { name: nameOf(naming, kind.data, hash), kind: kind.data, ordinal: 0, codec: codec.raw, rawLength: 11 }
  const page = { ...data, name: nameOf(naming, kind.page, hashOf(hash)), kind: kind.page, ordinal: 1, rawLength: 32 }
  const chunks = [...sealChunk(key, data, content), ...sealChunk(key, page, hash)]
  const tableAt = 32 + 27 + 48
  const { rows } = decodeSegment(sealing, segment?.object ?? Buffer.alloc(0), segment?.key ?? '')
  // The segment has them by name, the pack by ordinal: the data chunk's name happens to be the smaller one.
  const made = Buffer.concat([key.header, ...chunks, ...encodePackEnd(key, rows, tableAt)])
  assert.equal(made.toString('hex'), pack.toString('hex'))
})
