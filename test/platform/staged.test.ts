import { expect } from 'chai'
import { type Context, type Once, systemContext } from '../../src/kernel/context.ts'
import { AppError } from '../../src/kernel/errors.ts'
import { newId } from '../../src/kernel/ids.ts'
import { createLogger } from '../../src/platform/logger.ts'
import { startApp, type TestApp } from '../support/app.ts'

describe('an operation in stages', () => {
  let app: TestApp
  before(async () => {
    app = await startApp()
  })
  after(() => app.stop())

  it('that was refused in between goes on at once under the same key, from its intent', async () => {
    const refusal = new AppError('retry')
    expect(await run(() => Promise.reject(refusal)).catch((error: unknown) => error)).to.equal(refusal)
    expect(await run((intent) => Promise.resolve(`went on from ${intent}`))).to.equal('went on from intent 1')
  })

  it('that runs longer than its lease does not take the lease of whoever went on for it', async () => {
    let giveUp: (error: Error) => void = () => {}
    let reached: () => void = () => {}
    const hanging = new Promise<void>((resolve) => (reached = resolve))
    const slow = run(() => new Promise((_resolve, reject) => { giveUp = reject; reached() }), 'slow').catch((error: unknown) => error)
    await hanging
    app.wall.advance({ seconds: 31 })
    const second = await run(async () => {
      giveUp(new AppError('retry'))
      await slow
      return run(() => Promise.resolve('a third'), 'slow').catch((error: AppError) => error.code)
    }, 'slow')
    expect(second).to.equal('in-progress')
  })

  let intents = 0
  function run(settle: (intent: string) => Promise<string>, key = 'key'): Promise<string> {
    const once: Once = { row_id: `usr_1|test:stages|${key}`, request_hash: 'same', replayed: false }
    const ctx: Context = { ...systemContext('test', newId('req'), createLogger('silent')), once }
    return app.app.unitOfWork.staged(ctx, { intend: async () => `intent ${++intents}`, settle })
  }
})
