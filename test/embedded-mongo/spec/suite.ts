import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Deployment } from './deployment.ts'
import { loadFolder } from './format.ts'
import type { SpecCase, SpecFile } from './format.ts'
import { applies } from './requirements.ts'
import type { Facts } from './requirements.ts'
import { runCase } from './runner.ts'
import type { Skip } from './skip-list.ts'

export interface SuiteOptions {
  /** The folder's name under `data`. */
  name: 'transactions' | 'crud'
  data: string
  skips: Skip[]
  /** Asked when the cases run, for the server is up only then. */
  stage(): { deployment: Deployment; facts: Facts }
}

/**
 * Defines one test for every case of a folder, takes those away that do not apply to the deployment, and prints the counts in a line at the end.
 * A case on the skip list runs too and must fail: an entry that is no longer needed is an error, as is one that names no case.
 */
export function defineSuite({ name, data, skips, stage }: SuiteOptions): void {
  describe(`spec ${name}`, function () {
    this.timeout(10_000)
    const folder = join(data, name)
    if (!existsSync(folder)) return void it(`is not run: the folder ${folder} is absent`)
    const cases = loadFolder(folder).flatMap((file) => file.tests.map((test) => caseOf(file, test, skips)))
    const counts = { apply: 0, run: 0, passed: 0 }

    before(function () {
      const { facts } = stage()
      const unfit = new Set(cases.filter(({ file, test }) => !applies(file, test, facts)).map(({ title }) => title))
      const suite = this.test!.parent!
      suite.tests = suite.tests.filter((test) => !unfit.has(test.title))
      counts.apply = cases.length - unfit.size
    })

    for (const { title, file, test, skip } of cases) {
      it(title, async () => {
        counts.run++
        const failure = await runCase(stage().deployment, file, test).then(() => undefined, asError)
        if (skip) expect(failure, 'it passes: take it off the skip list').to.be.an('error')
        else if (failure) throw failure
        else counts.passed++
      })
    }

    it('skips no case that does not exist or does not apply', () => {
      const applying = cases.filter(({ file, test }) => applies(file, test, stage().facts))
      expect(skips.filter((entry) => !applying.some(({ skip }) => skip === entry))).to.deep.equal([])
    })

    it('has cases that apply', () => {
      expect(counts.apply).to.be.above(0)
    })

    after(() => {
      process.stdout.write(
        `\nspec ${name}: ${counts.apply} apply, ${counts.run} run, ${counts.passed} passed, ${skips.length} skipped${reasonsOf(skips)}, ` +
          `${cases.length - counts.apply} not applicable\n`,
      )
    })
  })
}

function caseOf(file: SpecFile, test: SpecCase, skips: Skip[]): { title: string; file: SpecFile; test: SpecCase; skip: Skip | undefined } {
  const skip = skips.find((entry) => entry.file === file.description && entry.test === test.description)
  const known = skip ? ` (known to differ: ${skip.reason})` : ''
  return { title: `${file.description}: ${test.description}${known}`, file, test, skip }
}

function reasonsOf(skips: Skip[]): string {
  const reasons = [...new Set(skips.map(({ reason }) => reason))]
  const counted = reasons.map((reason) => `${skips.filter((skip) => skip.reason === reason).length}: ${reason}`)
  return counted.length > 0 ? ` (${counted.join('; ')})` : ''
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown))
}
