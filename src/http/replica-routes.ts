/**
 * Where another installation brings replicas (ports/replicas.ts, over HTTP). It signs in as a user of this one and needs
 * the right to replicate in the project that takes them; all it can reach is that project.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { refuse } from '../contract/errors.ts'
import { isUuid } from '../contract/ids.ts'
import { decline } from '../contract/openstack-refusal.ts'
import { Fault } from '../ports/fault.ts'
import type { Ports } from '../ports/ports.ts'
import { MOST_CHUNKS, MOST_HASHES, type ReplicaOffer, type Upload } from '../ports/replicas.ts'
import { decodeChunks, HASH_BYTES } from '../replica-wire/chunk-frames.ts'
import { jsonOf, objectOf, queryText, textOf, textsOf } from './openstack-body.ts'
import { type OpenStackRoute, openStackRoutes } from './openstack-door.ts'
import { complain, orderFrom } from './replica-order-body.ts'

export const replicaRoutes = (app: FastifyInstance, ports: Ports): void =>
  openStackRoutes(
    app,
    ports,
    routes.map(route => ({ ...route, run: passing(route.run) })),
  )

const REPLICAS = '/opencbr/v1/:project_id/replicas'
const actions = ['cbr:backups:replicate']
/** Of one call's chunks, and of the list of pages of the largest disk. */
const MOST_BODY = (MOST_CHUNKS + 1) * 262_144
const MOST_EARLIER = 1000

const routes: readonly OpenStackRoute[] = [
  {
    method: 'POST',
    url: `${REPLICAS}/look`,
    operation: 'LookForReplicas',
    actions,
    status: 200,
    part: true,
    run(ports, { projectId }, { body }) {
      const fields = objectOf(jsonOf(body, complain), 'body', complain)
      const vaultId = textOf(fields, 'vaultId', 36, complain) ?? ''
      if (!isUuid(vaultId)) refuse('6120', { vault: vaultId })
      const backupIds = textsOf(fields, 'backupIds', MOST_EARLIER, complain).filter(isUuid)
      return ports.replicas.own.look({ projectId, vaultId, backupIds })
    },
  },
  {
    method: 'POST',
    url: REPLICAS,
    operation: 'BeginReplica',
    actions,
    status: 200,
    async run(ports, { projectId }, { body }) {
      const order = orderFrom(body, projectId)
      if (order.source.region === ports.settings.region) complain('a region has no replicas from itself')
      return ports.replicas.own.begin(order)
    },
  },
  {
    method: 'POST',
    url: `${REPLICAS}/:id/missing`,
    operation: 'OfferChunks',
    actions,
    status: 200,
    part: true,
    async run(ports, { projectId }, request, reply) {
      const missing = await ports.replicas.own.missing(uploadOf(request, projectId), offerFrom(request))
      return reply.type('application/octet-stream').send(Buffer.from(missing))
    },
  },
  {
    method: 'POST',
    url: `${REPLICAS}/:id/chunks`,
    operation: 'SendChunks',
    actions,
    status: 204,
    part: true,
    bodyLimit: MOST_BODY,
    async run(ports, { projectId }, request) {
      const chunks = await decodeChunks(bytesOf(request), MOST_CHUNKS)
      await ports.replicas.own.store(uploadOf(request, projectId), chunks ?? complain('the chunks cannot be read'))
    },
  },
  {
    method: 'PUT',
    url: `${REPLICAS}/:id/disks/:disk_id`,
    operation: 'PutReplicaDisk',
    actions,
    status: 200,
    part: true,
    bodyLimit: MOST_BODY,
    run(ports, { projectId }, request) {
      const { disk_id: backupId } = request.params as { readonly disk_id: string }
      const bytes = queryText(request.query, 'bytes', complain) ?? ''
      if (!/^\d{1,15}$/.test(bytes)) complain('bytes must be the size of the disk')
      const disk = { backupId, sizeBytes: Number(bytes), pages: bytesOf(request) }
      return ports.replicas.own.putDisk(uploadOf(request, projectId), disk)
    },
  },
  {
    method: 'POST',
    url: `${REPLICAS}/:id/finish`,
    operation: 'FinishReplica',
    actions,
    status: 204,
    run: (ports, { projectId }, request) => ports.replicas.own.finish(uploadOf(request, projectId)),
  },
  {
    method: 'POST',
    url: `${REPLICAS}/:id/abandon`,
    operation: 'AbandonReplica',
    actions,
    status: 204,
    run(ports, { projectId }, request) {
      const fields = objectOf(jsonOf(request.body, complain), 'body', complain)
      const code = textOf(fields, 'code', 64, complain) ?? ''
      const message = textOf(fields, 'message', 1000, complain) ?? ''
      return ports.replicas.own.abandon(uploadOf(request, projectId), { code, message })
    },
  },
]

function uploadOf(request: FastifyRequest, projectId: string): Upload {
  const { id } = request.params as { readonly id: string }
  return { projectId, id }
}

const bytesOf = ({ body }: FastifyRequest): Uint8Array =>
  body instanceof Uint8Array ? body : complain('the body is missing')

function offerFrom(request: FastifyRequest): ReplicaOffer {
  const kind = queryText(request.query, 'kind', complain)
  if (kind !== 'data' && kind !== 'page') complain('kind must be data or page')
  const hashes = bytesOf(request)
  if (hashes.length % HASH_BYTES !== 0 || hashes.length > MOST_HASHES * HASH_BYTES) complain('these are no hashes')
  return { kind, hashes }
}

/** An upload that has ended is begun again: 409 says so. */
const passing =
  (run: OpenStackRoute['run']): OpenStackRoute['run'] =>
  async (...given) => {
    try {
      return await run(...given)
    } catch (error) {
      if (error instanceof Fault && error.kind === 'conflict') decline(409, error.message)
      throw error
    }
  }
