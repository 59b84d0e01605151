# Needs no configuration:
#     docker build -t pullthrough .
#     docker run -d -p 5000:5000 -p 5001:5001 -v pullthrough:/var/lib/pullthrough pullthrough
# Settings come from the environment, or from a file mounted at /app/config/pullthrough.yaml.

# Debian's slim image, not Alpine's: Node's official binaries are made for glibc and need libatomic, which this image has.
FROM node:26-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev

FROM node:26-slim
ENV NODE_ENV=production \
    PULLTHROUGH_STORAGE_DIRECTORY=/var/lib/pullthrough
# A new volume takes over the owner of the folder that it is mounted on.
RUN mkdir -p /var/lib/pullthrough /app/compiled && chown node:node /var/lib/pullthrough /app/compiled
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
# For `docker exec CONTAINER pullthrough ls` and the other commands.
RUN ln -s /app/src/main.ts /usr/local/bin/pullthrough
USER node
# What Node compiles for this user is kept in the image: the mirror and each command start in half the time.
ENV NODE_COMPILE_CACHE=/app/compiled
RUN node -e "import('/app/src/cli/pullthrough.ts').then(() => import('/app/src/cli/mirrorServer.ts'))"
VOLUME /var/lib/pullthrough
EXPOSE 5000 5001
STOPSIGNAL SIGTERM
# The image has no curl. The ops endpoints speak TLS where `ops.tls` is set; whose certificate that is does not matter
# on the way to oneself. Another port in `ops.listen` needs another check.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "const ask = (scheme, failed) => process.getBuiltinModule(scheme).get(scheme + '://127.0.0.1:5001/healthz', { rejectUnauthorized: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', failed); ask('http', () => ask('https', () => process.exit(1)))"]
ENTRYPOINT ["node", "/app/src/main.ts"]
CMD ["serve"]
