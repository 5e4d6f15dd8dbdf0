/** Where a realm's objects lie in the store (docs/format.md section 1). */
export interface ObjectKeys {
  readonly packs: string
  readonly index: string
  readonly manifests: string
  readonly condemned: string
  pack(id: string): string
  segment(id: string): string
  manifest(id: string): string
  marker(id: string): string
}

export function objectKeys(realm: string): ObjectKeys {
  const root = `realms/${realm}`
  return {
    packs: `${root}/packs/`,
    index: `${root}/index/`,
    manifests: `${root}/manifests/`,
    condemned: `${root}/condemned/`,
    pack: id => `${root}/packs/${id.slice(0, 2)}/${id}`,
    segment: id => `${root}/index/${id}`,
    manifest: id => `${root}/manifests/${id}`,
    marker: id => `${root}/condemned/${id}`,
  }
}

/** What an object is called within its folder. */
export const lastPart = (key: string): string => key.slice(key.lastIndexOf('/') + 1)
