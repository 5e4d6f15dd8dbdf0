/**
 * What a process knows of damage in a realm: the notes in the store, and what it has found itself and not written down
 * yet. A note that cannot be read is passed over: what it told of will be found again.
 */
import { type DamagedPlace, decodeDamageNote, encodeDamageNote } from './damage-note.ts'
import { idsUnder, isCorrupt, type RealmStore, unlessMissing } from './store-view.ts'

export interface Damage {
  isNone(): boolean
  has(place: DamagedPlace): boolean
  places(): readonly DamagedPlace[]
  /** Found now. In the store after the next `write`. */
  found(place: DamagedPlace): void
  /** Read again and found well. In the store after the next `tidy`. */
  mended(place: DamagedPlace): void
  /** Catches up with the notes of other processes; those of their places that are new. */
  refresh(): Promise<readonly DamagedPlace[]>
  /** Writes down what was found since the last time. */
  write(): Promise<void>
  /** Leaves one note of the places for which `keep` holds, or none; does nothing where that is so already. */
  tidy(keep: (place: DamagedPlace) => boolean): Promise<void>
}

/** Places a note may have: one of a megabyte. */
const MOST_PLACES = 32_768

const keyOf = ({ chunk, pack }: DamagedPlace): string => chunk + pack

export function damageIn(store: RealmStore): Damage {
  const notes = new Map<string, readonly DamagedPlace[]>()
  const unwritten = new Map<string, DamagedPlace>()
  const mended = new Set<string>()
  let known = new Map<string, DamagedPlace>()

  const gather = (): void => {
    const all = [...[...notes.values()].flat(), ...unwritten.values()]
    known = new Map(all.map(place => [keyOf(place), place] as const).filter(([key]) => !mended.has(key)))
  }
  const put = async (places: readonly DamagedPlace[]): Promise<void> => {
    for (let at = 0; at < places.length; at += MOST_PLACES) {
      const batch = places.slice(at, at + MOST_PLACES)
      const { id, parts } = encodeDamageNote(store.sealing, batch)
      await store.objectStore.put(store.keys.damageNote(id), parts)
      notes.set(id, batch)
    }
  }
  const write = async (): Promise<void> => {
    const batch = [...unwritten]
    if (batch.length === 0) return
    await put(batch.map(([, place]) => place))
    for (const [key] of batch) unwritten.delete(key)
  }
  return {
    isNone: () => known.size === 0,
    has: place => known.has(keyOf(place)),
    places: () => [...known.values()],
    found(place) {
      const key = keyOf(place)
      mended.delete(key)
      if (known.has(key)) return
      known.set(key, place)
      unwritten.set(key, place)
    },
    mended(place) {
      mended.add(keyOf(place))
      unwritten.delete(keyOf(place))
      known.delete(keyOf(place))
    },
    async refresh() {
      const listed = await idsUnder(store, store.keys.damaged)
      const before = known
      for (const id of notes.keys()) if (!listed.includes(id)) notes.delete(id)
      for (const id of listed) if (!notes.has(id)) notes.set(id, await readNote(store, id))
      gather()
      return [...known].flatMap(([key, place]) => (before.has(key) ? [] : [place]))
    },
    write,
    async tidy(keep) {
      await write()
      const kept = [...known.values()].filter(keep)
      const old = [...notes.keys()]
      const written = new Set([...notes.values()].flat().map(keyOf))
      if (old.length <= Math.ceil(kept.length / MOST_PLACES) && written.size === kept.length) return
      notes.clear()
      await put(kept)
      await store.objectStore.remove(old.map(store.keys.damageNote))
      mended.clear()
      gather()
    },
  }
}

async function readNote(store: RealmStore, id: string): Promise<readonly DamagedPlace[]> {
  const key = store.keys.damageNote(id)
  try {
    const object = await unlessMissing(store.objectStore.get(key))
    return object ? decodeDamageNote(store.sealing, object, key) : []
  } catch (error) {
    if (!isCorrupt(error)) throw error
    store.log.error({ err: error, object: key }, 'a note of damaged chunks is corrupt and passed over')
    return []
  }
}
