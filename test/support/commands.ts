import type { Connection } from 'mongoose'
import type { TestApp } from './app.ts'

export interface SentCommand {
  name: string
  collection: string
  /** session and number of the multi-document transaction that it belongs to */
  transaction: string | undefined
}

export interface RefusedCommand extends SentCommand {
  code: number
}

export interface Overheard {
  sent: SentCommand[]
  refused: RefusedCommand[]
}

/** What the app's own connection says to the store until everything that `act` set off is delivered. The app's timers speak on it too. */
export async function overhear(app: TestApp, act: () => Promise<unknown>): Promise<Overheard> {
  const [model] = app.app.features.flatMap((feature) => feature.models) as unknown as { db: Connection }[]
  const client = model?.db.getClient()
  if (!client?.options.monitorCommands) throw new Error('nobody can listen to this connection')
  const heard: Overheard = { sent: [], refused: [] }
  const asked = new Map<number, SentCommand>()
  const onStarted = ({ requestId, commandName, command }: { requestId: number; commandName: string; command: Record<string, unknown> }): void => {
    const { id } = (command['lsid'] ?? {}) as { id?: { toString(encoding: 'hex'): string } }
    const sent = { name: commandName, collection: String(command[commandName]), transaction: command['autocommit'] === false ? `${id?.toString('hex')} ${String(command['txnNumber'])}` : undefined }
    asked.set(requestId, sent)
    heard.sent.push(sent)
  }
  const onFailed = ({ requestId, failure }: { requestId: number; failure: Error }): void => {
    const sent = asked.get(requestId)
    if (sent) heard.refused.push({ ...sent, code: Number((failure as Error & { code?: number }).code) })
  }
  client.on('commandStarted', onStarted)
  client.on('commandFailed', onFailed)
  await act()
  await app.app.dispatcher.whenIdle()
  client.off('commandStarted', onStarted)
  client.off('commandFailed', onFailed)
  return heard
}
