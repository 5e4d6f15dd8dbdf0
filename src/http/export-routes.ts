/** Instant access: exports of disk backups over NBD, and their bytes as a file (docs/api.md). */
import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { refuse } from '../contract/errors.ts'
import { isUuid } from '../contract/ids.ts'
import { createExport, type ExportOrder } from '../control/export/create-export.ts'
import { deleteExport } from '../control/export/delete-export.ts'
import { life } from '../control/export/export-rules.ts'
import { listExports } from '../control/export/list-exports.ts'
import { openDisk } from '../control/export/open-disk.ts'
import { showExport } from '../control/export/show-export.ts'
import type { ProjectCaller } from '../control/use-case.ts'
import type { Ports } from '../ports/ports.ts'
import { qcow2File, rawFile } from './disk-file.ts'
import { rangeOf } from './image-range.ts'
import { type Complain, jsonOf, objectOf, queryNumber, queryText } from './openstack-body.ts'
import { type OpenStackRoute, openStackRoutes } from './openstack-door.ts'

export const exportRoutes = (app: FastifyInstance, ports: Ports): void => openStackRoutes(app, ports, routes)

/** Whoever knows of a session may read the disk: the same right for all of them. */
const actions = ['cbr:backups:restore']
const LARGEST_PAGE = 1000

const routes: readonly OpenStackRoute[] = [
  {
    method: 'POST',
    url: '/opencbr/v1/:project_id/backups/:id/exports',
    operation: 'CreateExport',
    actions,
    status: 201,
    async run(ports, caller, request) {
      return { export: await createExport(ports, caller, orderFrom(backupId(request), request.body)) }
    },
  },
  {
    method: 'GET',
    url: '/opencbr/v1/:project_id/exports',
    operation: 'ListExports',
    actions,
    status: 200,
    run(ports, caller, { query }) {
      const limit = Math.min(Math.max(queryNumber(query, 'limit', LARGEST_PAGE, bad), 1), LARGEST_PAGE)
      const [marker, of] = [queryText(query, 'marker', bad), queryText(query, 'backup_id', bad)]
      const page = {
        limit,
        offset: queryNumber(query, 'offset', 0, bad),
        ...(marker !== undefined && { after: marker }),
      }
      return listExports(ports, caller, of === undefined ? {} : { backupId: of }, page)
    },
  },
  {
    method: 'GET',
    url: '/opencbr/v1/:project_id/exports/:id',
    operation: 'ShowExport',
    actions,
    status: 200,
    async run(ports, caller, request) {
      return { export: await showExport(ports, caller, exportId(request)) }
    },
  },
  {
    method: 'DELETE',
    url: '/opencbr/v1/:project_id/exports/:id',
    operation: 'DeleteExport',
    actions,
    status: 204,
    run: (ports, caller, request) => deleteExport(ports, caller, exportId(request)),
  },
  {
    method: 'GET',
    url: '/opencbr/v1/:project_id/backups/:id/disk',
    operation: 'DownloadDisk',
    actions,
    status: 200,
    run: download,
  },
]

const bad: Complain = problem => refuse('9900', { problem })

const pathId = ({ params }: FastifyRequest): string => (params as { readonly id: string }).id

function backupId(request: FastifyRequest): string {
  const id = pathId(request)
  return isUuid(id) ? id : refuse('6200', { backup: id })
}

function exportId(request: FastifyRequest): string {
  const id = pathId(request)
  return isUuid(id) ? id : refuse('6302', { export: id })
}

function orderFrom(backup: string, body: unknown): ExportOrder {
  const { listen, overlay = false, expires_in: seconds = life.usual } = objectOf(jsonOf(body, bad), 'body', bad)
  if (listen !== 'unix' && listen !== 'tcp') bad('listen must be unix or tcp')
  if (typeof overlay !== 'boolean') bad('overlay must be true or false')
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < life.least || seconds > life.most)
    bad(`expires_in must be a whole number of seconds from ${life.least} to ${life.most}`)
  return { backupId: backup, listen, overlay, seconds }
}

/** The whole disk, or a range of it, at the speed the client takes it. */
async function download(
  ports: Ports,
  caller: ProjectCaller,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const format = queryText(request.query, 'format', bad) ?? 'raw'
  if (format !== 'raw' && format !== 'qcow2') bad('format must be raw or qcow2')
  const id = backupId(request)
  const disk = await openDisk(ports, caller, id)
  reply.type('application/octet-stream').header('content-disposition', `attachment; filename="${id}.${format}"`)
  if (format === 'qcow2') {
    const file = await qcow2File(disk)
    return send(reply.header('content-length', file.sizeBytes), file.stream())
  }
  const file = rawFile(disk)
  const { from, to, partial } = rangeOf(request.headers.range, file.sizeBytes)
  reply.header('accept-ranges', 'bytes').header('content-length', to - from)
  if (partial) reply.code(206).header('content-range', `bytes ${from}-${to - 1}/${file.sizeBytes}`)
  return send(reply, file.stream(from, to))
}

const send = (reply: FastifyReply, bytes: AsyncIterable<Uint8Array>): FastifyReply =>
  reply.send(Readable.from(bytes, { objectMode: false }))
