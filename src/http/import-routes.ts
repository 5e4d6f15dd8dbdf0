/** Imports: a disk image becomes a backup (docs/images-and-volumes.md). */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuse } from '../contract/errors.ts'
import { type ImportFormat, importFormats, LARGEST_PIECE } from '../contract/opencbr-api.ts'
import { abandonImport } from '../control/import/abandon-import.ts'
import { addPiece } from '../control/import/add-piece.ts'
import { backUpImport, type ImportedBackupOrder } from '../control/import/back-up-import.ts'
import { beginImport, type ImportOrder } from '../control/import/begin-import.ts'
import { showImport } from '../control/import/show-import.ts'
import type { Ports } from '../ports/ports.ts'
import { type Complain, jsonOf, objectOf, queryText, textOf } from './openstack-body.ts'
import { type OpenStackRoute, openStackRoutes } from './openstack-door.ts'

export const importRoutes = (app: FastifyInstance, ports: Ports): void => openStackRoutes(app, ports, routes)

const actions = ['cbr:vaults:backup']
const ALL = '/opencbr/v1/:project_id/imports'
const ONE = `${ALL}/:id`

const routes: readonly OpenStackRoute[] = [
  {
    method: 'POST',
    url: ALL,
    operation: 'BeginImport',
    actions,
    status: 201,
    run: async (ports, caller, { body }) => ({ import: await beginImport(ports, caller, orderFrom(body)) }),
  },
  {
    method: 'GET',
    url: ONE,
    operation: 'ShowImport',
    actions,
    status: 200,
    run: async (ports, caller, request) => ({ import: await showImport(ports, caller, idOf(request)) }),
  },
  {
    method: 'PATCH',
    url: ONE,
    operation: 'AddImportPiece',
    actions,
    status: 200,
    bodyLimit: LARGEST_PIECE,
    part: true,
    async run(ports, caller, request) {
      const offset = Number(queryText(request.query, 'offset', bad) ?? Number.NaN)
      if (!Number.isSafeInteger(offset) || offset < 0) bad('offset must be the number of the first byte')
      const bytes = request.body instanceof Uint8Array ? request.body : new Uint8Array(0)
      return { import: await addPiece(ports, caller, idOf(request), { offset, bytes }) }
    },
  },
  {
    method: 'DELETE',
    url: ONE,
    operation: 'AbandonImport',
    actions,
    status: 204,
    run: (ports, caller, request) => abandonImport(ports, caller, idOf(request)),
  },
  {
    method: 'POST',
    url: `${ONE}/backup`,
    operation: 'BackUpImport',
    actions,
    status: 202,
    run: (ports, caller, request) => backUpImport(ports, caller, idOf(request), backupFrom(request.body)),
  },
]

const bad: Complain = problem => refuse('9900', { problem })

const idOf = ({ params }: FastifyRequest): string => (params as { readonly id: string }).id

function orderFrom(body: unknown): ImportOrder {
  const fields = objectOf(jsonOf(body, bad), 'body', bad)
  const name = textOf(fields, 'name', 64, bad) ?? bad('name is missing')
  const format = textOf(fields, 'format', 16, bad) ?? 'raw'
  if (!isFormat(format)) bad(`format must be one of ${importFormats.join(', ')}`)
  const { size_bytes: sizeBytes } = fields
  if (typeof sizeBytes !== 'number') bad('size_bytes must be a number')
  return { name, format, sizeBytes }
}

const isFormat = (format: string): format is ImportFormat => importFormats.some(known => known === format)

function backupFrom(body: unknown): ImportedBackupOrder {
  const fields = objectOf(jsonOf(body, bad), 'body', bad)
  const name = textOf(fields, 'name', 64, bad)
  const description = textOf(fields, 'description', 255, bad)
  return {
    vaultId: textOf(fields, 'vault_id', 64, bad) ?? bad('vault_id is missing'),
    ...(name !== undefined && { name }),
    ...(description !== undefined && { description }),
  }
}
