import { z } from 'zod';
import { settingsSchema } from '../../src/config/schema.ts';

/** The JSON Schema of the configuration file, with which editors complete and check it. */
export function configurationJsonSchema(): object {
  return z.toJSONSchema(settingsSchema, {
    io: 'input',
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      delete jsonSchema['expected'];
      delete jsonSchema['flag'];
      delete jsonSchema['secret'];
    },
  });
}
