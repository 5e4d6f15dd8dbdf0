import { equal, ok } from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { connect, createServer } from 'node:tls'
import { selfSigned } from './self-signed.ts'

test('a certificate for the host, its address, and the machine itself', () => {
  for (const host of ['backup.example.org', '192.0.2.7', '2001:db8::1:7', '127.0.0.1']) {
    const now = new Date('2026-11-23T12:00:00Z')
    const { certificate, key } = selfSigned(host, now)
    const read = new X509Certificate(certificate)
    ok(read.verify(read.publicKey))
    ok(read.checkIssued(read))
    equal(read.ca, true)
    ok(host.includes('example') ? read.checkHost(host) : read.checkIP(host))
    ok(read.checkIP('127.0.0.1') && read.checkIP('::1') && read.checkHost('localhost'))
    equal(read.checkHost('elsewhere.example.org'), undefined)
    ok(read.validFromDate < now && read.validToDate.getUTCFullYear() === 2036)
    ok(key.includes('PRIVATE KEY'))
  }
  ok(
    new X509Certificate(selfSigned('localhost', new Date('2045-01-01')).certificate).validToDate.getUTCFullYear() >
      2050,
  )
})

test('TLS trusts it alone, and not one like it', async () => {
  const [ours, other] = [selfSigned('localhost', new Date()), selfSigned('localhost', new Date())]
  const server = createServer({ cert: ours.certificate, key: ours.key }, socket => socket.end('hello'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  ok(address && typeof address === 'object')
  const { port } = address
  const tried = (ca: string) =>
    new Promise<string>(resolve => {
      const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost' })
      socket.once('data', data => resolve(String(data))).once('error', error => resolve(`refused: ${error.message}`))
    })
  equal(await tried(ours.certificate), 'hello')
  ok((await tried(other.certificate)).startsWith('refused'))
  server.close()
})
