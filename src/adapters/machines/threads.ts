import { Fault } from '../../ports/fault.ts'
import { listOf } from './answers.ts'
import type { QmpClient } from './qmp-client.ts'
import { isRecord } from './record.ts'

/** From this on QEMU lets its NBD server go of a client in whatever thread. */
const SAFE_MAJOR = 9

/**
 * Debian 12's QEMU 7.2 ends with a failed assertion (blockdev-nbd.c, nbd_blockdev_client_closed) when an NBD client goes
 * whose disk lies in an iothread: a backup would take the machine down. Fault `denied` where that could be; which disk is
 * in which thread is told in too many ways to rely on, so that one iothread is enough.
 */
export async function checkThreads(qmp: QmpClient): Promise<void> {
  const version = await qmp.execute('query-version')
  const numbers = isRecord(version) && isRecord(version.qemu) ? version.qemu : {}
  if (typeof numbers.major === 'number' && numbers.major >= SAFE_MAJOR) return
  if (listOf(await qmp.execute('query-iothreads'), 'query-iothreads').length === 0) return
  throw new Fault('denied', `the machine has iothreads, with which QEMU before ${SAFE_MAJOR} fails under an NBD export`)
}
