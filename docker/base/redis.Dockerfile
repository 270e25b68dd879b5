# Redis as in the official image, where docker-compose.yml needs it: the command, the user, the port, /data.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
RUN set -eu; groupadd -r -g 999 redis; useradd -r -g redis -u 999 -d /data redis; \
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d; chmod +x /usr/sbin/policy-rc.d; \
    apt-get update -q; DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends redis-server; \
    rm -rf /usr/sbin/policy-rc.d /var/lib/apt/lists/* /var/cache/apt/*.bin /var/log/*; \
    mkdir /data; chown redis:redis /data
COPY redis-entrypoint /usr/local/bin/docker-entrypoint.sh
WORKDIR /data
EXPOSE 6379
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["redis-server"]
