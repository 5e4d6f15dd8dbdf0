/** What another installation says of a backup that is to be replicated here: nothing of it is believed before it is read. */
import { refuse } from '../contract/errors.ts'
import { isUuid } from '../contract/ids.ts'
import type { ServerMetadata } from '../ports/catalog/backup.ts'
import type { ReplicaOrder, ReplicaSource, ReplicatedDisk, ReplicatedServer, Retention } from '../ports/replicas.ts'
import { type Complain, type Fields, jsonOf, objectOf } from './openstack-body.ts'

export const complain: Complain = problem => refuse('9900', { problem })

const MOST_DISKS = 64
const MOST_METADATA = 256 * 1024
const MOST_NAME = 255

export function orderFrom(body: unknown, projectId: string): ReplicaOrder {
  const order = objectOf(jsonOf(body, complain), 'body', complain)
  const retention =
    order.retention === undefined ? undefined : retentionFrom(objectOf(order.retention, 'retention', complain))
  return {
    recordId: uuid(order, 'recordId'),
    projectId,
    vaultId: uuid(order, 'vaultId'),
    name: text(order, 'name', 64),
    description: text(order, 'description', MOST_NAME, 0),
    autoTrigger: flag(order, 'autoTrigger'),
    ...(retention && { retention }),
    source: sourceFrom(objectOf(order.source, 'source', complain)),
    backup: backupFrom(objectOf(order.backup, 'backup', complain)),
  }
}

const sourceFrom = (source: Fields): ReplicaSource => ({
  region: text(source, 'region', 64),
  projectId: text(source, 'projectId', 64),
  vaultId: uuid(source, 'vaultId'),
  backupId: uuid(source, 'backupId'),
  checkpointId: uuid(source, 'checkpointId'),
})

function backupFrom(backup: Fields): ReplicatedServer {
  const createdAt = new Date(text(backup, 'createdAt', 40))
  if (Number.isNaN(createdAt.getTime())) complain('createdAt must be a time')
  const { disks } = backup
  if (!Array.isArray(disks) || disks.length === 0 || disks.length > MOST_DISKS)
    complain('disks must be a list of disks')
  const known = disks.map((disk: unknown) => diskFrom(objectOf(disk, 'disk', complain)))
  if (new Set(known.map(({ resourceId }) => resourceId)).size < known.length) complain('a disk is named twice')
  return {
    ...partFrom(backup),
    createdAt,
    incremental: flag(backup, 'incremental'),
    fullBytes: number(backup, 'fullBytes'),
    ...(backup.metadata !== undefined && { metadata: metadataFrom(objectOf(backup.metadata, 'metadata', complain)) }),
    disks: known,
  }
}

const diskFrom = (disk: Fields): ReplicatedDisk => ({
  ...partFrom(disk),
  bootable: flag(disk, 'bootable'),
  systemDisk: flag(disk, 'systemDisk'),
})

const partFrom = (part: Fields) => ({
  resourceId: text(part, 'resourceId', MOST_NAME),
  resourceName: text(part, 'resourceName', MOST_NAME, 0),
  resourceAz: text(part, 'resourceAz', MOST_NAME, 0),
  sizeBytes: number(part, 'sizeBytes'),
  encrypted: flag(part, 'encrypted'),
  full: flag(part, 'full'),
})

function metadataFrom(metadata: Fields): ServerMetadata {
  if (JSON.stringify(metadata).length > MOST_METADATA) complain('metadata is too large')
  const list = (name: string): readonly unknown[] => {
    const value = metadata[name]
    return Array.isArray(value) ? value : complain(`metadata.${name} must be a list`)
  }
  return {
    backups: objectOf(metadata.backups, 'metadata.backups', complain),
    flavor: objectOf(metadata.flavor, 'metadata.flavor', complain),
    interface: list('interface'),
    server: objectOf(metadata.server, 'metadata.server', complain),
    floatingips: list('floatingips'),
    ports: list('ports'),
    volumes: list('volumes'),
  }
}

const rules = [
  'max_backups',
  'retention_duration_days',
  'day_backups',
  'week_backups',
  'month_backups',
  'year_backups',
] as const

function retentionFrom(retention: Fields): Retention {
  const given = rules.filter(rule => retention[rule] !== undefined)
  for (const rule of given) {
    const value = retention[rule]
    if (typeof value !== 'number' || !Number.isInteger(value) || value < -1 || value > 99_999)
      complain(`${rule} is no number`)
  }
  const numbers = Object.fromEntries(given.map(rule => [rule, retention[rule]]))
  const { timezone } = retention
  if (timezone !== undefined && (typeof timezone !== 'string' || !/^UTC[+-]\d\d:\d\d$/.test(timezone)))
    complain('timezone is none')
  return { ...numbers, ...(typeof timezone === 'string' && { timezone }) }
}

function text(fields: Fields, name: string, most: number, least = 1): string {
  const value = fields[name]
  if (typeof value !== 'string' || value.length < least || value.length > most) complain(`${name} must be a text`)
  return value
}

function uuid(fields: Fields, name: string): string {
  const value = text(fields, name, 36)
  return isUuid(value) ? value : complain(`${name} must be an id`)
}

function flag(fields: Fields, name: string): boolean {
  const value = fields[name]
  return typeof value === 'boolean' ? value : complain(`${name} must be true or false`)
}

function number(fields: Fields, name: string): number {
  const value = fields[name]
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? value
    : complain(`${name} must be a whole number`)
}
