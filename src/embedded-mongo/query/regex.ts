import { BSONRegExp } from 'bson'
import { mongoError } from '../errors.ts'

/** A PCRE pattern as a JavaScript one. @throws MongoError for options or syntax that can't be carried over */
export function compileRegex(pattern: string, options: string): RegExp {
  let source = pattern
  let flags = 'u'
  for (const option of options) {
    if (option === 'i' || option === 'm' || option === 's') flags += option
    else if (option === 'x') source = withoutWhitespace(source)
    else if (option !== 'u') throw mongoError('BadValue', `invalid flag in regex options: ${options}`)
  }
  const leading = /^\(\?([ims]+)\)/.exec(source)
  if (leading) {
    source = source.slice(leading[0].length)
    flags = [...new Set(flags + (leading[1] as string))].join('')
  }
  try {
    return new RegExp(source, flags)
  } catch {
    try {
      return new RegExp(source, flags.replace('u', ''))
    } catch {
      throw mongoError('Location51091', 'Regular expression is invalid')
    }
  }
}

export function regexOf(value: unknown): RegExp | undefined {
  if (value instanceof BSONRegExp) return compileRegex(value.pattern, value.options)
  return value instanceof RegExp ? value : undefined
}

function withoutWhitespace(source: string): string {
  return source.replaceAll(/\\[\s\S]|\[(?:\\.|[^\]])*\]|\s+|#.*$/gm, (part) => (/^(\s|#)/.test(part) ? '' : part))
}
