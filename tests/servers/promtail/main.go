// promtail FILE: the real Promtail, which Loki 3.7 still carries as packages but no longer as a program. The judge of the end to end
// tests: whatever it sends for a file and its logs is what the same file has to give here.
//
// What the old program's flags did is left out, with one exception: variables of the environment are expanded when a second argument
// "expand-env" is given, as its -config.expand-env did it. Its journal target reads with libsystemd, which go.mod says to get.sh.
package main

import (
	"flag"
	"log"
	"os"

	"github.com/drone/envsubst"
	"github.com/grafana/dskit/flagext"
	"github.com/grafana/loki/v3/clients/pkg/promtail"
	"github.com/grafana/loki/v3/clients/pkg/promtail/client"
	"github.com/grafana/loki/v3/clients/pkg/promtail/config"
	util_log "github.com/grafana/loki/v3/pkg/util/log"
	"github.com/prometheus/client_golang/prometheus"
	"gopkg.in/yaml.v2"
)

// read has the defaults of the flags below what the file says, and refuses keys that nobody knows, as the program did.
func read() (*config.Config, error) {
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		return nil, err
	}
	if len(os.Args) > 2 && os.Args[2] == "expand-env" {
		expanded, err := envsubst.EvalEnv(string(text))
		if err != nil {
			return nil, err
		}
		text = []byte(expanded)
	}
	loaded := &config.Config{}
	flagext.DefaultValues(loaded)
	return loaded, yaml.UnmarshalStrict(text, loaded)
}

func main() {
	if len(os.Args) < 2 {
		flag.CommandLine.Usage()
		os.Exit(2)
	}
	first, err := read()
	if err != nil {
		log.Fatal(err)
	}
	util_log.InitLogger(&first.ServerConfig.Config, prometheus.DefaultRegisterer, false)
	first.Setup(util_log.Logger)
	running, err := promtail.New(*first, read, client.NewMetrics(prometheus.DefaultRegisterer), false)
	if err != nil {
		log.Fatal(err)
	}
	err = running.Run() // until SIGTERM, which its server waits for
	running.Shutdown()
	if err != nil {
		log.Fatal(err)
	}
}
