/** An object store that fails when a test says so. */
import { Fault } from '../ports/fault.ts'
import type { ObjectStore } from '../ports/object-store.ts'

export type StoreCall = 'put' | 'get' | 'getRange' | 'list' | 'remove'

/** `before` may throw, or wait, in the place of any call; keys are those of the call, or its prefix. */
export function watchedStore(
  store: ObjectStore,
  before: (call: StoreCall, keys: readonly string[]) => void | Promise<void>,
): ObjectStore {
  return {
    ...store,
    async put(key, parts) {
      await before('put', [key])
      await store.put(key, parts)
    },
    async putNew(key, parts) {
      await before('put', [key])
      return store.putNew(key, parts)
    },
    async get(key) {
      await before('get', [key])
      return store.get(key)
    },
    async getRange(key, offset, length) {
      await before('getRange', [key])
      return store.getRange(key, offset, length)
    },
    async *list(prefix) {
      await before('list', [prefix])
      yield* store.list(prefix)
    },
    async remove(keys) {
      // One by one, so that a test can stop in the middle.
      for (const key of keys) {
        await before('remove', [key])
        await store.remove([key])
      }
    },
  }
}

/** The process dies before its n-th change of the store (from 0): that change and all later ones fail. */
export function dyingStore(store: ObjectStore, changes: number): ObjectStore & { readonly died: () => boolean } {
  let left = changes
  const watched = watchedStore(store, call => {
    if (call !== 'put' && call !== 'remove') return
    if (left <= 0) {
      left = -1
      throw new Fault('unavailable', 'the process has died')
    }
    left -= 1
  })
  return { ...watched, died: () => left < 0 }
}
