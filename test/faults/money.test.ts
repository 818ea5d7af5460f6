import { expect } from 'chai'
import { simulate } from '../../scripts/simulate/run.ts'

const acts = Number(process.env['MONEY_ACTS'] ?? 200)
const seed = Number(process.env['MONEY_SEED'] ?? Math.floor(Math.random() * 2 ** 31))

/** The model that it is held against is in `scripts/simulate/model.ts`; more of it: `npm run simulate -- --ops N --seed S`. */
describe(`money, with a company that misbehaves, commits that conflict and a server that is killed (MONEY_SEED=${seed})`, () => {
  it(`is to the cent where the rules say, after ${acts} acts`, async () => {
    const figures = await simulate({ ops: acts, seed })
    process.stdout.write(`money: ${JSON.stringify({ seed, ...figures })}\n`)
    expect(figures.ops).to.be.at.least(acts)
    expect(figures.kills, 'kills').to.be.at.least(1)
    expect(figures.faulted / figures.ops, 'of all acts in trouble').to.be.at.least(0.1)
  }).timeout(180_000 + acts * 500)
})
