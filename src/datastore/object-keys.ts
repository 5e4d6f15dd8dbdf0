import type { ObjectStore } from '../ports/object-store.ts'

/** Where a realm's objects lie in the store (docs/format.md section 1). */
export interface ObjectKeys {
  readonly packs: string
  readonly index: string
  readonly manifests: string
  readonly condemned: string
  readonly damaged: string
  readonly holds: string
  pack(id: string): string
  segment(id: string): string
  manifest(id: string): string
  marker(id: string): string
  damageNote(id: string): string
  /** Under which all holds of a manifest lie. */
  holdsOf(manifest: string): string
  hold(manifest: string, id: string): string
}

export function objectKeys(realm: string): ObjectKeys {
  const root = `realms/${realm}`
  return {
    packs: `${root}/packs/`,
    index: `${root}/index/`,
    manifests: `${root}/manifests/`,
    condemned: `${root}/condemned/`,
    damaged: `${root}/damaged/`,
    holds: `${root}/holds/`,
    pack: id => `${root}/packs/${id.slice(0, 2)}/${id}`,
    segment: id => `${root}/index/${id}`,
    manifest: id => `${root}/manifests/${id}`,
    marker: id => `${root}/condemned/${id}`,
    damageNote: id => `${root}/damaged/${id}`,
    holdsOf: manifest => `${root}/holds/${manifest}/`,
    hold: (manifest, id) => `${root}/holds/${manifest}/${id}`,
  }
}

/** What an object is called within its folder. */
export const lastPart = (key: string): string => key.slice(key.lastIndexOf('/') + 1)

/** The manifest that a hold's key names. */
export const manifestOfHold = (key: string): string => key.split('/').at(-2) ?? ''

/** Names of the realms that have any object. Walks the whole store. */
export async function realmsIn(objectStore: ObjectStore): Promise<readonly string[]> {
  const names = new Set<string>()
  for await (const { key } of objectStore.list('realms/')) names.add(key.split('/')[1] ?? '')
  return [...names]
}
