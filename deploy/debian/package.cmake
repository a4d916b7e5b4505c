# The .deb, by cpack; deploy/debian/build.sh configures for it. In the package alone: /etc/spoor/spoor.yaml, which a plain `cmake --install` must
# not put over somebody's own.
if(CMAKE_INSTALL_PREFIX STREQUAL "/usr")
	install(FILES ${CMAKE_SOURCE_DIR}/deploy/debian/spoor.yaml DESTINATION /etc/spoor)
endif()
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME spoor)
set(CPACK_PACKAGE_VENDOR "The Spoor authors")
set(CPACK_PACKAGE_CONTACT "The Spoor authors")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "Node agent: logs with trace ids to Loki, metrics to Prometheus")
set(CPACK_PACKAGE_DESCRIPTION "Follows log files and containers, finds the trace id of each line and ships to Loki; measures the machine as node_exporter does,\
 serves the metrics and sends them by remote-write. One small process.")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES ON)
set(CPACK_SET_DESTDIR ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "adduser")
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "ca-certificates, libsystemd0, tzdata")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA "${CMAKE_SOURCE_DIR}/deploy/debian/postinst;${CMAKE_SOURCE_DIR}/deploy/debian/prerm;\
${CMAKE_SOURCE_DIR}/deploy/debian/postrm;${CMAKE_SOURCE_DIR}/deploy/debian/conffiles")
include(CPack)
