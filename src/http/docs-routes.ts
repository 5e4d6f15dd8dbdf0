/** The API's documents: `/openapi.json`, and `/docs` where a person tries the calls. Everything is served from here. */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import type { FastifyInstance } from 'fastify'
import { readExamples } from './examples.ts'
import { openApi } from './openapi.ts'

const OWN = join(import.meta.dirname, 'docs')
const swaggerUi = (): string => dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'))

/** By name in the URL: the only files there are. */
const FILES: Readonly<Record<string, { readonly folder: () => string; readonly type: string }>> = {
  'explorer.css': { folder: () => OWN, type: 'text/css' },
  'explorer.js': { folder: () => OWN, type: 'text/javascript' },
  'favicon-32x32.png': { folder: swaggerUi, type: 'image/png' },
  'swagger-ui.css': { folder: swaggerUi, type: 'text/css' },
  'swagger-ui-bundle.js': { folder: swaggerUi, type: 'text/javascript' },
}

/** Nothing from elsewhere, nothing inline; Swagger UI's icons are data URLs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export function docsRoutes(app: FastifyInstance): void {
  const held: { document?: Promise<string> } = {}
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('content-security-policy', POLICY).header('x-content-type-options', 'nosniff')
    reply.header('referrer-policy', 'no-referrer').header('cache-control', 'no-cache')
  })
  app.get('/openapi.json', async (_request, reply) => {
    held.document ??= readExamples().then(examples => JSON.stringify(openApi(examples)))
    return reply.type('application/json').send(await held.document)
  })
  app.get('/docs', async (_request, reply) => reply.type('text/html').send(await readFile(join(OWN, 'explorer.html'))))
  for (const [name, { folder, type }] of Object.entries(FILES)) {
    app.get(`/docs/${name}`, async (_request, reply) => reply.type(type).send(await readFile(join(folder(), name))))
  }
}
