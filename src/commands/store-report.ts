import type { Checked, DamagedObject, Datastore, Repaired } from '../datastore/datastore.ts'
import type { Catalog } from '../ports/catalog/catalog.ts'

/** What the commands on a store need of it, opened while no service runs. */
export interface StoreParts {
  readonly catalog: Catalog
  readonly datastore: Datastore
}

export interface StoreReport {
  readonly realms: readonly RealmReport[]
  readonly damagedBackups: readonly {
    readonly project: string
    readonly backup: string
    readonly name: string
    /** Names of the disks that are damaged in it. */
    readonly disks: readonly string[]
  }[]
}

export interface RealmReport extends Omit<Checked, 'problems'> {
  readonly realm: string
  readonly problems: readonly (Omit<DamagedObject, 'object'> & { readonly object: string })[]
  readonly repaired?: Repaired
}

export const isClean = ({ realms }: StoreReport): boolean =>
  realms.every(({ damaged, problems }) => damaged.length === 0 && problems.length === 0)

/** For people; one line per fact. */
export function reportLines(report: StoreReport): readonly string[] {
  const backups = report.damagedBackups.map(
    ({ project, backup, name, disks }) =>
      `damaged backup ${backup} (${name}) of project ${project}: disks ${disks.join(', ')}`,
  )
  return [...report.realms.flatMap(realmLines), ...backups, isClean(report) ? 'no damage found' : 'damage found']
}

function realmLines({ realm, manifests, packs, chunks, readBytes, damaged, problems, repaired }: RealmReport) {
  const read = readBytes > 0 ? `, ${(readBytes / 2 ** 20).toFixed(1)} MiB read` : ''
  return [
    `realm ${realm}: ${manifests} manifests, ${packs} packs, ${chunks} chunks${read}`,
    ...(repaired ? [`  ${repairLine(repaired)}`] : []),
    ...damaged.map(
      ({ chunk, pack, what, backups }) => `  chunk ${chunk} in pack ${pack || 'none'}: ${what}${touching(backups)}`,
    ),
    ...problems.map(({ object, id, what, backups }) => `  ${object} ${id}: ${what}${touching(backups)}`),
  ]
}

const repairLine = ({ reindexedChunks, replacedSegments, mendedPlaces, damagedPlaces }: Repaired): string =>
  `repaired: ${reindexedChunks} chunks indexed anew, ${replacedSegments} index segments replaced, ` +
  `${mendedPlaces} places trusted again, ${damagedPlaces} still damaged`

const touching = (backups: readonly string[]): string =>
  backups.length === 0 ? '; no backup needs it' : `; needed by ${backups.join(', ')}`
