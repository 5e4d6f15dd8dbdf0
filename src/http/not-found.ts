/** What no route answers: 405 with the methods that the URL has, else 404. */
import type { FastifyInstance } from 'fastify'
import { operations } from '../contract/operations.gen.ts'
import { Unserved } from './render.ts'

export function refuseUnknown(app: FastifyInstance): void {
  app.setNotFoundHandler((request, reply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const allowed = methodsOf(path)
    if (allowed.length === 0) throw new Unserved(404, 'there is nothing at this URL')
    reply.header('allow', allowed.join(', '))
    throw new Unserved(405, `the URL takes ${allowed.join(', ')}`)
  })
}

function methodsOf(path: string): readonly string[] {
  const segments = path.split('/').filter(segment => segment !== '')
  const matching = Object.values(operations).filter(operation => fits(operation.path.split('/').slice(1), segments))
  return [...new Set(matching.map(({ method }) => method))].sort()
}

const fits = (pattern: readonly string[], segments: readonly string[]): boolean =>
  pattern.length === segments.length && pattern.every((part, at) => part.startsWith('{') || part === segments[at])
